import * as z from 'zod';
import { type Beginning, beginningSchema, type EarlierOutput } from '../node/files/earlierOutput.js';

/** One decoded picture: `rgba` is [height, width, 4], sRGB, 0..255. Alpha is ignored by every sink. */
export interface Frame {
  width: number;
  height: number;
  rgba: Uint8Array;
}

/** Picture size in pixels and frames per second. A sink takes frames of one size only. */
export interface VideoFormat {
  width: number;
  height: number;
  fps: number;
  /** What the video says of itself; nothing where absent. */
  tags?: MediaTags;
}

/** How a video was made, in words that stay with it: in an .mp4 its metadata, in every PNG frame its text. */
export interface MediaTags {
  /** What it shows: the prompt. */
  description?: string;
  /** All that it takes to make it again, for programs. */
  comment?: string;
  /** The program and its version. */
  software?: string;
}

/** How far the file of an output is safe: so many frames, in so many bytes with this digest. */
export interface FileMark extends Beginning {
  readonly frames: number;
}

/** The same with the digest of the pictures so far (`PictureDigest`). Plain data, for who goes on from there. */
export interface FrameMark extends FileMark {
  readonly pictures: string;
}

/** @internal */
export const frameMarkSchema: z.ZodType<FrameMark> = z.strictObject({
  frames: z.int().nonnegative(),
  ...beginningSchema.shape,
  pictures: beginningSchema.shape.sha256,
});

/** Takes frames in order while they are generated. Call `write` once at a time; every sink must be closed. */
export interface FrameSink {
  /** The file or folder that the frames go to; after `closeEarly` and `abort`, where those that there are lie. */
  readonly path: string;
  readonly encoder: 'h264' | 'png';
  /** What the user should be told once the run is over, for instance how to turn a PNG folder into a video. */
  readonly note?: string;
  /** The pictures that were written, and the digest of them all (`PictureDigest`). */
  readonly pictures: { readonly frames: number; readonly sha256: string };
  /** Resolves when the next frame may be given. Throws a TokenTrimError when the size is wrong or the disk is full. */
  write(frame: Frame): Promise<void>;
  /**
   * Puts on the disk what can be kept, and says how far it goes: `openFrameSink` goes on from there after whatever happens to
   * this process, and the output comes out the same. That may be some frames before the newest.
   * @returns undefined where nothing can be kept yet, or ever, as on standard output
   */
  mark(): Promise<FrameMark | undefined>;
  /**
   * Finishes the output, which then replaces what an earlier run left in its place. Nothing changes, and nothing stays behind,
   * when no frame was written. Calling it again does nothing.
   * @param record what the output is to say of how it was made, for `readRecord`: some of that is known only now
   */
  close(record?: string): Promise<void>;
  /** Finishes an output that has fewer frames than it should: it replaces nothing, and may have another `path` for that. */
  closeEarly(record?: string): Promise<void>;
  /** Gives everything back without finishing: what is on disk stays and plays, under its partial name. Never throws. */
  abort(): Promise<void>;
}

/** What one kind of output implements; `guardedSink` adds the checks that all of them share. */
export interface FrameWriter {
  /** `index` counts frames from 0. */
  write(frame: Frame, index: number): Promise<void>;
  mark(): Promise<FileMark | undefined>;
  /**
   * Called once, only after at least one frame; `release` follows in any case.
   * @param isEarly whether frames are missing, so that nothing may be replaced
   * @param record what the output says of how it was made
   * @returns where the output lies
   */
  finish(isEarly: boolean, record?: string): Promise<string>;
  /**
   * Frees handles and encoders. May be called after a failure.
   * @returns where what was written of an unfinished output stays; undefined where nothing does
   */
  release(): Promise<string | undefined>;
}

/** @internal What a video is written to. */
export interface VideoOutput {
  /** How messages name it. */
  readonly path: string;
  readonly isStream?: boolean;
  write(data: Uint8Array, position: number): Promise<void>;
  truncate?(size: number): Promise<void>;
  /** Puts on the disk what was written. */
  sync?(): Promise<void>;
  /** What it goes on from. */
  readonly earlier?: EarlierOutput;
  /** These three end it, and say where it lies. */
  finish(): Promise<string>;
  finishEarly(): Promise<string>;
  giveUp(): Promise<string | undefined>;
}
