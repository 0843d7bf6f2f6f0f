// `npm run step`: `node inspect` on scripts/step/main.mjs, running on to the first stop of the method.
//
//   npm run step -- --block 3     stops in that block alone
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

/** A port that nobody listens on. */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

if (!existsSync(new URL('../dist/index.js', import.meta.url))) {
  console.error('error: there is no dist/: run npm run build first');
  process.exit(1);
}
const main = fileURLToPath(new URL('step/main.mjs', import.meta.url));
const args = ['inspect', `--port=${await freePort()}`, main, ...process.argv.slice(2)];
const env = { ...process.env, NODE_INSPECT_RESUME_ON_START: '1' };
const child = spawn(process.execPath, args, { stdio: 'inherit', env });
process.on('SIGINT', () => undefined); // the debugger's, which pauses
child.on('exit', (status) => process.exit(status ?? 1));
