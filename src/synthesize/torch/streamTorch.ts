import { crc32 } from 'node:zlib';
import type { TensorStream } from '../../node/weights/writeSafetensors.js';
import type { StreamedFile } from '../streamedFile.js';
import { statePickle, type TorchContents, tensorsOf } from './statePickle.js';
import { CRC_OFFSET, centralDirectory, localHeader, type ZipEntry } from './zipEntries.js';

type Pieces = ReturnType<TensorStream['pieces']>;

/** As PyTorch aligns its records: pytorch/pytorch `caffe2/serialize/inline_container.h kFieldAlignment`. */
const ALIGNMENT = 64;

/**
 * Writes what `torch.save` writes, in constant memory and of any size: an archive of `data.pkl`, one stored record for
 * each tensor's values, and what marks the format.
 *
 * @param archive name of the folder that all records are in; PyTorch takes the file's own without its ending
 */
export async function streamTorch(file: StreamedFile, archive: string, contents: TorchContents): Promise<void> {
  const entries: ZipEntry[] = [];
  const add = async (name: string, byteLength: number, pieces: Pieces) => {
    const entry: ZipEntry = { name: `${archive}/${name}`, byteLength, position: file.position, crc: 0 };
    entries.push(entry);
    await file.append(localHeader(entry, ALIGNMENT));
    for await (const piece of pieces) {
      entry.crc = crc32(piece, entry.crc);
      await file.append(piece);
    }
  };
  const addBytes = (name: string, bytes: Buffer) => add(name, bytes.length, [bytes]);
  await addBytes('data.pkl', statePickle(contents));
  await addBytes('byteorder', Buffer.from('little'));
  for (const [index, tensor] of tensorsOf(contents).entries()) {
    await add(`data/${index}`, tensor.byteLength, tensor.pieces());
  }
  await addBytes('version', Buffer.from('3\n'));
  await file.append(centralDirectory(entries, file.position));
  // The headers went out before their data were made, so their checksums follow now.
  for (const { position, crc } of entries) await file.patch(checksumBytes(crc), position + CRC_OFFSET);
}

function checksumBytes(crc: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(crc);
  return bytes;
}
