import { fileURLToPath } from 'node:url';

// Child processes that run the sources as they are (src/media/reader/process.ts) get the loader that translates them: they
// inherit the options of this process, which vitest itself needs no loader for.
const hooks = fileURLToPath(new URL('../media/support/typescriptHooks.mjs', import.meta.url));
process.execArgv.push('--import', hooks);
