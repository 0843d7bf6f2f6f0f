import type { PictureRequest, PictureSource } from '../readPictures.js';

/** What the reading process is asked: what is at a path, to begin reading it (answered likewise), the next picture of it. */
export type ReaderRequest =
  | { readonly kind: 'describe'; readonly path: string; readonly fps?: number }
  | { readonly kind: 'read'; readonly path: string; readonly request: PictureRequest }
  | { readonly kind: 'next' };

/** What it says. `alive` answers nothing: it shows that a long piece of work goes on. */
export type ReaderReply =
  | { readonly kind: 'ready' | 'alive' | 'end' }
  | { readonly kind: 'described'; readonly source: PictureSource }
  /** [height, width, 3], 0 ... 255. */
  | { readonly kind: 'picture'; readonly bytes: Uint8Array }
  /** `isTeaching`: whether the message was written for the person at the terminal; else it is a bug's stack. */
  | { readonly kind: 'failed'; readonly message: string; readonly isTeaching: boolean };
