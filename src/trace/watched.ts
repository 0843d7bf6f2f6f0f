import type { Seen } from '../pipelines/watch/seen.js';
import { attentionRef, tapRef } from './fileNames.js';
import type { AttentionEvent, TapEvent } from './format.js';
import type { TracedTensor } from './traceSink.js';

/** An event of what was watched inside the DiT, and the tensor that it names. */
interface ReadWatched {
  readonly file: string;
  readonly tensors: readonly TracedTensor[];
  readonly told: Omit<AttentionEvent, 'at'> | Omit<TapEvent, 'at'>;
}

/** What was seen at a call, when the device comes to it. */
export function readWatched(seen: readonly Seen[] = []): Promise<ReadWatched>[] {
  return seen.map((each) => {
    const reading = readSeen(each);
    reading.catch(() => undefined); // awaited where the event is written
    return reading;
  });
}

async function readSeen(seen: Seen): Promise<ReadWatched> {
  const { block, attempt, callAttempt, step, frames } = seen;
  const place = { block, attempt, step, frames };
  if (seen.kind === 'tap') {
    const values = tapRef(block, callAttempt, step, seen.name);
    const tensor = { name: values.name, shape: seen.shape, dtype: 'f32' as const, values: await seen.values };
    return { file: values.file, tensors: [tensor], told: { kind: 'tap', ...place, name: seen.name, values } };
  }
  const { index, layers, tokens, keys, cached } = seen;
  const shares = attentionRef(block, callAttempt, step, index);
  const shape = [layers.length, tokens.length, frames.length, keys.length];
  const tensor = { name: shares.name, shape, dtype: 'f32' as const, values: await seen.shares };
  return {
    file: shares.file,
    tensors: [tensor],
    told: { kind: 'attention', ...place, layers, tokens, keys, cached, shares },
  };
}
