import { constants } from 'node:os';

const loaded = new Map<string, boolean>();

/**
 * Loads a shared library that is no Node addon, and says whether that succeeded. Node then throws "Module did not
 * self-register", yet the library stays in the process, and Dawn's own dlopen of `libvulkan.so.1` finds it by its soname.
 */
export function loadLibrary(path: string): boolean {
  const known = loaded.get(path);
  if (known !== undefined) return known;
  const RTLD_NODELETE = 0x1000;
  let succeeded = true;
  try {
    process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
  } catch (error) {
    succeeded = String(error).includes('did not self-register');
  }
  loaded.set(path, succeeded);
  return succeeded;
}
