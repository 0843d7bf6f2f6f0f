import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** As published, and as it would be called in this program's own layout. */
const NAME = /^(?:taew2_1.*|tiny_vae)\.(?:safetensors|pth)$/i;

/** The tiny VAE that lies in a model folder, by its name: the first where there are several. */
export async function findTinyVae(folder: string): Promise<string | undefined> {
  const names = (await readdir(folder)).filter((name) => NAME.test(name)).sort();
  const [first] = [...names.filter((name) => name.endsWith('.safetensors')), ...names];
  return first && join(folder, first);
}
