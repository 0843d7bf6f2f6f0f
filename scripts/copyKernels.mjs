// Puts the WGSL files of src/kernels beside the compiled launchers, where Node reads them.
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {string} root folder that has `src`
 * @param {string} dist folder of the compiled program
 */
export default function copyKernels(root, dist) {
  const kernels = join(root, 'src', 'kernels');
  for (const name of readdirSync(kernels, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.wgsl')) cpSync(join(kernels, name), join(dist, 'kernels', name));
  }
}
