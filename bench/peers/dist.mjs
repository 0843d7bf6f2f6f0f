// This project's own program, as `npm run build` left it; TOKENTRIM_DIST names another folder that holds one.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const folder = process.env.TOKENTRIM_DIST
  ? resolve(process.env.TOKENTRIM_DIST)
  : fileURLToPath(new URL('../../dist', import.meta.url));

export function fromDist(path) {
  const file = `${folder}/${path}`;
  if (!existsSync(file)) throw new Error(`${file} is missing: run \`npm run build\` in the project's folder first`);
  return import(pathToFileURL(file));
}

/**
 * Gives browser runtimes WebGPU as this project has it: the same build of Dawn, and the adapter that this project finds
 * (TOKENTRIM_ADAPTER asks for another). Returns its name.
 */
export async function provideWebGpu() {
  const { findAdapter } = await fromDist('node/adapter/findAdapter.js');
  const { gpu, name } = await findAdapter(process.env.TOKENTRIM_ADAPTER);
  const { globals } = await import(createRequire(`${folder}/`).resolve('webgpu'));
  Object.assign(globalThis, globals);
  Object.defineProperty(navigator, 'gpu', { value: gpu });
  return name;
}
