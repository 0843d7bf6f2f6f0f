// A page of someone else's: it knows the package and the DOM.

import {
  createGenerator,
  type Decision,
  type OpenedModel,
  openBrowserDevice,
  openModelFromFiles,
  type PostedRequest,
  TokenTrimError,
} from 'tokentrim/web';

const worker = new Worker(new URL('./worker.mjs', import.meta.url), { type: 'module' });
const generator = createGenerator(worker);

export async function show(canvas: HTMLCanvasElement, signal: AbortSignal): Promise<readonly Decision[]> {
  const opened: OpenedModel = await generator.open({ url: 'toy-world/' });
  const { width, height } = opened.config.sampling;
  const request: PostedRequest = { prompt: 'a red circle', seed: 1, frames: 9, trim: { fraction: 0.2 } };
  const decisions: Decision[] = [];
  for await (const event of generator.run(request, { signal })) {
    if (event.kind === 'block' && event.decision) decisions.push(event.decision);
    if (event.kind !== 'frames') continue;
    for (const { rgba } of event.frames) {
      const image = new ImageData(new Uint8ClampedArray(rgba), width, height);
      canvas.getContext('2d')?.putImageData(image, 0, 0);
    }
  }
  return decisions;
}

export const withoutWorker = async (files: readonly File[]) =>
  [await openBrowserDevice({ kernels: 'plain' }), await openModelFromFiles(files)] as const;
export const isForPeople = (error: unknown): boolean => error instanceof TokenTrimError;

// @ts-expect-error: what cannot be posted is no part of a request
export const wrong: PostedRequest = { noise: () => undefined };
