import { RECORD_VERSION, type RecordedBlock, type RunRecord } from '../../../src/compare/runRecord.js';
import { seriesOf } from '../../../src/measures/series.js';
import { MEASURES_VERSION } from '../../../src/measures/videoMeasures.js';

const FPS = 16;
const SECONDS = 12;

/** What a made run is to come to. */
export interface MadeRun {
  readonly preset?: string;
  readonly arm: string;
  readonly prompt: string;
  readonly seed: string;
  /** Of every frame of the video. */
  readonly sharpness: number;
  /** Blocks that were generated again. */
  readonly again?: readonly number[];
  readonly calls?: number;
}

/** The record of a run of four blocks, with one measure that is the same in every frame. */
export function madeRecord({
  preset = 'self-forcing',
  arm,
  prompt,
  seed,
  sharpness,
  again = [],
  calls = 20,
}: MadeRun): RunRecord {
  const frames = FPS * SECONDS;
  const first = Math.min(...again, Number.POSITIVE_INFINITY);
  const block = (index: number): RecordedBlock => ({
    seconds: (SECONDS * (index + 1)) / 4,
    severity: index === 0 ? null : 2,
    accepted: index === 0 ? null : again.includes(index) ? 1 : 2,
    threshold: index < 2 ? null : 2.5,
    attempts: again.includes(index) ? 2 : 1,
    pruned: again.includes(index) ? 2 : 0,
    latents: index < first ? `${prompt} ${seed} ${index}` : `${arm} ${prompt} ${seed} ${index}`,
  });
  return {
    ...{ version: RECORD_VERSION, digest: 'digest', program: 'test', adapter: 'test', preset, arm, prompt, seed },
    ...{
      pair: `${prompt}-${seed}`,
      frames,
      fps: FPS,
      blocks: [0, 1, 2, 3].map(block),
      calls,
      seconds: 1,
      latents: null,
    },
    video: {
      ...{
        version: MEASURES_VERSION,
        kind: 'video',
        width: 8,
        height: 8,
        fps: FPS,
        frames,
        seconds: SECONDS,
        truth: null,
      },
      times: Array.from({ length: SECONDS }, (_, second) => second + 1),
      measures: { sharpness: seriesOf(Array<number>(frames).fill(sharpness), FPS) },
    },
  };
}
