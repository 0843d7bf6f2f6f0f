import { ensure } from '../../errors.js';
import { nextBlockStart } from '../plan/grid.js';

/** A prompt of a schedule, and when it begins. */
export interface ScheduledPrompt {
  readonly prompt: string;
  /** Frame of the shown video that was asked for. */
  readonly pixelFrame: number;
  /** First latent frame of the block that it begins with: the first that begins at that frame or after it. */
  readonly firstFrame: number;
}

/** The video that a schedule is for. */
export interface ScheduleGrid {
  /** Frames per second of the shown video. */
  readonly fps: number;
  /** Pictures that a latent frame after the first stands for. */
  readonly temporal: number;
  readonly framesPerBlock: number;
  readonly independentFirstFrame?: boolean;
  /** Latent frames of the whole video: a prompt that no block is left for is refused. */
  readonly frames?: number;
  /** Pictures at the start that are made and not shown. */
  readonly hidden?: number;
  /** What messages call the text, such as the file's name. */
  readonly label?: string;
}

const LINE = /^(\d+(?:\.\d+)?)\s*(?:(s)\s*)?:(.*)$/;
const EXAMPLE = 'such as "0: a red circle" (frames) or "5s: a blue square" (seconds)';

/**
 * Prompts over time, a line each: `<time>: <prompt>`, the time in frames of the shown video, or in seconds with an `s`.
 * The first is at 0, the others follow in order. Empty lines, and lines that begin with `#`, are passed over.
 * @throws TokenTrimError with the line's number where a line is none of these, times do not rise, two prompts begin with
 *   the same block, or a prompt begins after the last block
 */
export function parsePromptSchedule(text: string, grid: ScheduleGrid): ScheduledPrompt[] {
  const { label = 'prompt schedule' } = grid;
  const prompts: (ScheduledPrompt & { line: number })[] = [];

  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const content = raw.trim();
    if (content === '' || content.startsWith('#')) continue;
    const line = index + 1;
    const where = `${label}, line ${line}`;
    const [, digits, unit, rest] = LINE.exec(content) ?? [];
    ensure(digits, () => `${where}: expected a time and a prompt, ${EXAMPLE}, found ${quoted(content)}`);
    const prompt = rest.trim();
    ensure(prompt !== '', `${where}: there is no prompt after the time: write one, ${EXAMPLE}`);
    ensure(
      !/^\d+\s*(s\s*)?:/.test(prompt),
      `${where}: times are frames or seconds, ${EXAMPLE}, found ${quoted(content)}: write minutes as seconds`,
    );
    const pixelFrame = unit ? Math.ceil(Number(digits) * grid.fps - 1e-6) : Number(digits);
    ensure(
      Number.isSafeInteger(pixelFrame),
      `${where}: a time in frames is a whole number, found ${quoted(content)}: write an s behind seconds`,
    );

    const firstFrame = firstFrameAt(pixelFrame, grid);
    const previous = prompts.at(-1);
    if (previous) {
      ensure(
        pixelFrame > previous.pixelFrame,
        `${where}: the times must rise, but frame ${pixelFrame} does not come after frame ${previous.pixelFrame} of line ` +
          `${previous.line}: put the lines in order, one for each time`,
      );
      ensure(
        firstFrame > previous.firstFrame,
        `${where}: both this prompt and that of line ${previous.line} begin with the block at frame ` +
          `${pixelStart(firstFrame, grid)}: put them at least ${grid.framesPerBlock * grid.temporal} frames apart`,
      );
    } else {
      ensure(
        pixelFrame === 0,
        `${where}: the first prompt must be at time 0, found frame ${pixelFrame}: begin with "0: ..."`,
      );
    }
    ensure(
      grid.frames === undefined || firstFrame < grid.frames,
      `${where}: no block begins at frame ${pixelFrame} or later, the video is too short: use more \`frames\`, or remove the ` +
        'line',
    );
    prompts.push({ prompt, pixelFrame, firstFrame, line });
  }
  ensure(prompts.length > 0, `${label}: there is no prompt in it: write lines ${EXAMPLE}`);
  return prompts.map(({ prompt, pixelFrame, firstFrame }) => ({ prompt, pixelFrame, firstFrame }));
}

/** The first latent frame of the first block whose pictures begin at a frame of the shown video or after it. */
function firstFrameAt(
  pixelFrame: number,
  { temporal, framesPerBlock, independentFirstFrame, hidden = 0 }: ScheduleGrid,
) {
  if (pixelFrame === 0) return 0;
  const latent = Math.ceil((pixelFrame + hidden - 1) / temporal) + 1;
  return nextBlockStart(latent, framesPerBlock, independentFirstFrame);
}

/** The frame of the shown video at which a latent frame's pictures begin. */
function pixelStart(frame: number, { temporal, hidden = 0 }: ScheduleGrid): number {
  return Math.max(0, (frame === 0 ? 0 : 1 + (frame - 1) * temporal) - hidden);
}

function quoted(content: string): string {
  return JSON.stringify(content.length > 60 ? `${content.slice(0, 60)}...` : content);
}
