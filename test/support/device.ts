import { openDevice } from '../../src/node/openDevice.js';

/** The adapter under test: `TOKENTRIM_ADAPTER`, or the best there is. Opened once a test file. */
export const device = await openDevice();

/** The twins, as a device. */
export const referenceDevice = await openDevice({ adapter: 'reference' });
