import { fileURLToPath } from 'node:url';

/** The folder of the small trained checkpoint that comes with the package: `weights/toy-world`. */
export const toyWorld = fileURLToPath(new URL('../../../weights/toy-world', import.meta.url));
