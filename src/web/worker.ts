import { openBrowserDevice } from './openBrowserDevice.js';
import { openModelFromFiles, openModelFromUrl } from './openModel.js';
import { type Port, serveGenerator } from './serveGenerator.js';

// What a worker of a page runs: `new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })`. `createGenerator`
// is the page's end.
serveGenerator(globalThis as unknown as Port, {
  device: openBrowserDevice,
  model: (place) => ('url' in place ? openModelFromUrl(place.url) : openModelFromFiles(place.files)),
});
