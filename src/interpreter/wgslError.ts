/** A mistake in the WGSL of a kernel, or a part of the language that the interpreter does not know: says where. */
export class WgslError extends Error {
  override name = 'WgslError';

  constructor(file: string, line: number, message: string) {
    super(`${file}:${line}: ${message}`);
  }
}
