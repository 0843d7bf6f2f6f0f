import { TokenTrimError } from '../errors.js';
import type { ByteSource } from './byteSource.js';
import { FOREIGN_BYTES, refuseForeign } from './foreignFile.js';
import { quote } from './quote.js';
import { beginsAsSafetensors } from './safetensors/header.js';
import { openSafetensors } from './safetensors/tensorFile.js';
import type { TensorSource } from './tensorSource.js';
import { openTorchFile, torchFormat } from './torch/torchFile.js';
import type { ZipReader } from './torch/zipRecords.js';

/**
 * Opens a file of weights, safetensors or PyTorch's. What it is, its first bytes tell, not its name.
 *
 * @param bytes are closed with what is returned, and where nothing is
 * @param readZip for PyTorch's files since 1.6, which are zip archives; without it they are refused
 * @throws TokenTrimError when it is neither, or is malformed
 */
export async function openTensors(bytes: ByteSource, readZip?: ZipReader): Promise<TensorSource> {
  const { label, size } = bytes;
  try {
    const start = await bytes.read(0, Math.min(size, FOREIGN_BYTES));
    if (torchFormat(start)) return await openTorchFile(bytes, readZip);
    // Its own reader says best what is wrong with a file that is called safetensors.
    if (beginsAsSafetensors(start) || /\.safetensors$/.test(label)) return await openSafetensors(bytes);
    refuseForeign(label, 'a file of weights', start, size);
    throw new TokenTrimError(
      `${label}: expected a safetensors file, a PyTorch file of torch.save, a safetensors.index.json or a folder with one ` +
        `of them, found ${size === 0 ? 'an empty file' : `a file that begins with ${quote(textOf(start))}`}. ` +
        'Download the file again.',
    );
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

/** Bytes as a text that `quote` can show: most files that are no weights are web pages or notes. */
function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 16));
}
