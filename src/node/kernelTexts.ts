import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const KERNELS = new URL('../kernels/', import.meta.url);

let paths: ReadonlyMap<string, string> | undefined;

/** Where the WGSL of each kernel lies, by the kernel's name: beside its launcher, wherever in `src/kernels` that is. */
function pathsByName(): ReadonlyMap<string, string> {
  const found = () =>
    readdirSync(KERNELS, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.wgsl'));
  paths ??= new Map(found().map((path) => [basename(path, '.wgsl'), path.replaceAll('\\', '/')]));
  return paths;
}

/** The names of all kernels, such as `linear.tiled`. */
export function kernelNames(): string[] {
  return [...pathsByName().keys()].sort();
}

/**
 * The WGSL of a kernel, as it stands on the disk: what a device is handed to compile.
 * @param name with slashes it is a path from the folder of all kernels: benchmarks bring kernels of their own
 */
export function kernelText(name: string): string {
  return readFileSync(kernelFile(name), 'utf8');
}

/** The file that a kernel's WGSL is read from. */
export function kernelFile(name: string): string {
  const path = name.includes('/') ? `${name}.wgsl` : pathsByName().get(name);
  if (path === undefined) throw new Error(`there is no ${name}.wgsl in ${KERNELS.pathname}`);
  return fileURLToPath(new URL(path, KERNELS));
}
