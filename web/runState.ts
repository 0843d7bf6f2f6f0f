import type { Decision, Plan, PostedEvent } from '../src/web/index.js';

/** A block that joined the video. */
export interface BlockRow {
  readonly block: number;
  readonly decision: Decision | null;
  readonly seconds: number;
  /** Its pictures: so many, from this one on. None before they are decoded. */
  firstPicture: number;
  pictures: number;
}

export type Stage = Extract<PostedEvent, { kind: 'stage' }>['stage'];
export type Picture = Extract<PostedEvent, { kind: 'frames' }>['frames'][number];

/** What is known of a run: the events so far, put together. */
export class RunState {
  plan: Plan | undefined;
  stage: Stage | undefined;
  phase: 'running' | 'stopping' | 'stopped' | 'finished' | 'failed' = 'running';
  /** Blocks of the whole video. */
  blocks = 0;
  /** Denoising calls made, and all that there will be: those of blocks that are made again left out. */
  calls = 0;
  allCalls = 0;
  /** The block that is being made, and whether again. */
  current: { readonly block: number; readonly attempt: number } | undefined;
  /** Kernels that run for the first time just now. */
  compiling = 0;
  readonly notes: string[] = [];
  readonly rows: BlockRow[] = [];
  readonly pictures: Picture[] = [];

  get isGoingOn(): boolean {
    return this.phase === 'running' || this.phase === 'stopping';
  }

  take(event: PostedEvent): void {
    if (event.kind === 'stage') {
      this.stage = event.stage;
      this.plan = event.plan;
      this.blocks = event.blocks;
      this.allCalls = event.calls;
    }
    if (event.kind === 'note') this.notes.push(event.note);
    if (event.kind === 'compile') this.compiling = event.kernels.length;
    if (event.kind === 'step') {
      this.current = { block: event.block, attempt: event.attempt };
      if (event.attempt === 0) this.calls++;
    }
    if (event.kind === 'block') {
      const { block, decision, seconds } = event;
      this.rows.push({ block, decision, seconds, firstPicture: this.pictures.length, pictures: 0 });
    }
    if (event.kind === 'frames') {
      const row = this.rows.find(({ block }) => block === event.block);
      if (row?.pictures === 0) row.firstPicture = this.pictures.length;
      if (row) row.pictures += event.frames.length;
      this.pictures.push(...event.frames);
    }
  }
}
