import type { Sheet } from '../../trace/format.js';
import type { TracedPicture } from '../../trace/traceSink.js';

/** Pictures of one size in one file, and how they lie in it. */
export interface EncodedSheet extends Omit<Sheet, 'file'> {
  /** The whole WebP file. */
  readonly bytes: Uint8Array;
}

/**
 * What makes one file of the pictures of a trace (`src/media/sheets.ts`).
 * @param most pixels on the longer side of a picture; larger ones are made smaller
 */
export type SheetEncoder = (pictures: readonly TracedPicture[], most?: number) => Promise<EncodedSheet>;
