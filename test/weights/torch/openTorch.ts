import { openFileBytes } from '../../../src/node/files/fileBytes.js';
import { readZipDirectory } from '../../../src/node/files/zipDirectory.js';
import { openTorchFile, type TorchFile } from '../../../src/weights/torch/torchFile.js';

/** Opens a file of torch.save on the disk. */
export async function openTorch(path: string): Promise<TorchFile> {
  return openTorchFile(await openFileBytes(path), readZipDirectory);
}
