import sharp from 'sharp';
import type { EmbeddedTraces } from '../../../src/trace/fillViewer.js';
import type { TracedTensor } from '../../../src/trace/traceSink.js';
import { encodeHeader } from '../../../src/weights/safetensors/encodeHeader.js';
import { linesOf, type MadeTrace } from './madeTrace.js';

/** A made-up trace as it lies in a page: its tensors in safetensors, its pictures in WebP. */
export async function embedTrace(
  name: string,
  { events, tensors, sheets }: MadeTrace,
): Promise<EmbeddedTraces['traces'][number]> {
  const files: Record<string, string> = {};
  for (const [file, list] of tensors) files[file] = Buffer.from(safetensors(file, list)).toString('base64');
  for (const [file, { width, height, rgba }] of sheets) {
    const image = sharp(rgba, { raw: { width, height, channels: 4 } });
    files[file] = (await image.webp({ quality: 85, effort: 0 }).toBuffer()).toString('base64');
  }
  return { name, events: linesOf(events), files };
}

function safetensors(file: string, tensors: readonly TracedTensor[]): Uint8Array {
  const data = tensors.map(({ values }) => new Uint8Array(Float32Array.from(values).buffer));
  const entries = tensors.map(({ name, shape }, index) => ({
    name,
    dtype: 'F32' as const,
    shape,
    byteLength: data[index].length,
  }));
  return Buffer.concat([encodeHeader(file, entries), ...data]);
}
