import { seriesOf } from '../measures/series.js';
import type { MeasuredSeries, MeasureInfo } from '../measures/videoMeasures.js';
import { type Moment, momentsOf } from './moments.js';
import type { RecordedBlock, RunRecord } from './runRecord.js';

/** A record with everything that is compared in it as numbers by measure and moment, and as curves. */
export interface MeasuredRun {
  readonly record: RunRecord;
  readonly numbers: Readonly<Record<string, Readonly<Record<Moment, number>>>>;
  readonly curves: Readonly<
    Record<string, { readonly times: readonly number[]; readonly values: readonly (number | null)[] }>
  >;
}

/** What is known of a run beside what was measured of its pictures and latents. */
export const RUN_MEASURES = {
  severity: { title: 'severity', unit: 'latent units', better: 'lower' },
  interventions: { title: 'interventions', unit: 'blocks', better: 'neither' },
  calls: { title: 'calls of the DiT', unit: 'calls', better: 'lower' },
} satisfies Record<string, MeasureInfo>;

/** The moment of what a run has once. */
export const WHOLE: Moment = 'whole';

/** Takes a record apart. */
export function measuredRun(record: RunRecord): MeasuredRun {
  const { video, latents, blocks, calls } = record;
  const severity = severitySeries(record);
  const series: Record<string, MeasuredSeries> = {
    ...video?.measures,
    ...latents?.measures,
    ...(severity ? { severity } : {}),
  };
  const numbers = Object.entries(series).map(([name, each]) => [name, momentsOf(each)] as const);
  const interventions = blocks.filter(({ attempts }) => attempts > 1).length;
  const once = Object.entries({ interventions, calls }).map(([name, value]) => [name, { [WHOLE]: value }] as const);
  const timesOf = (name: string): readonly number[] => {
    if (video && name in video.measures) return video.times;
    if (latents && name in latents.measures) return latents.times;
    return blocks.map((block) => block.seconds);
  };
  const curves = Object.entries(series).map(([name, { values }]) => [name, { times: timesOf(name), values }] as const);
  return { record, numbers: Object.fromEntries([...numbers, ...once]), curves: Object.fromEntries(curves) };
}

/** D_t of the accepted blocks: each block's for all of its frames; undefined where no policy measured. */
function severitySeries({ blocks, fps }: RunRecord): MeasuredSeries | undefined {
  if (blocks.every(({ accepted }) => accepted === null)) return undefined;
  const frameAt = (block: RecordedBlock | undefined) => Math.round((block?.seconds ?? 0) * fps);
  const ofFrames = blocks.flatMap((block, index) =>
    Array<number | null>(frameAt(block) - frameAt(blocks[index - 1])).fill(block.accepted),
  );
  return { ...seriesOf(ofFrames, fps), values: blocks.map(({ accepted }) => accepted) };
}
