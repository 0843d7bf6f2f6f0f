// A program of someone else's: it knows the package alone, and neither Node's types nor the DOM's.

import * as everything from 'tokentrim';
import {
  acceptAll,
  type Decision,
  type Device,
  decision,
  decodeLatents,
  type GenerateRequest,
  generate,
  type KvCache,
  openDevice,
  openModelFolder,
  type Policy,
  TokenTrimError,
  toyWorld,
} from 'tokentrim';

class Watching implements Policy {
  readonly check = 'final';
  async review(): Promise<readonly number[]> {
    return [];
  }
  async accept(block: number): Promise<Decision> {
    return decision({ block });
  }
  dispose(): void {}
}

export async function main(): Promise<object> {
  const device: Device = await openDevice({ adapter: 'reference' });
  const model = await openModelFolder(toyWorld);
  const policy: Policy = new Watching();
  const request: GenerateRequest = {
    ...{ prompt: 'a red circle', seed: 1, frames: 9, width: 16, height: 16, steps: [1000], promptCache: false },
    policy,
  };
  const blocks: object[] = [];
  let streamed = 0;
  let [decoded, width, height] = [0, 0, 0];
  for await (const event of generate(device, model, request)) {
    if (event.kind === 'frames') streamed += event.frames.length;
    if (event.kind !== 'block' || !event.decision) continue;
    const cache: KvCache | undefined = event.cache;
    const live = new Set(cache?.liveRows().map(({ token }) => token)).size;
    const { block, attempts, triggered } = event.decision;
    blocks.push({ block, attempts, triggered, live });
    for await (const picture of decodeLatents(device, model, event.latents)) {
      decoded++;
      ({ width, height } = picture);
    }
  }
  await model.close();
  device.close();
  return { blocks, pictures: { streamed, decoded, width, height } };
}

export const names: readonly string[] = Object.keys(everything);
export const baseline: Policy = acceptAll;
export const isForPeople = (error: unknown): boolean => error instanceof TokenTrimError;

// @ts-expect-error: the types are those of the library, and not any
export const wrong: GenerateRequest = { frames: '9' };
