import type { Sentence } from '../logic/sentence.js';

/** A sentence with what stands out in it. */
export function Words({ sentence }: { readonly sentence: Sentence }) {
  return (
    <>
      {sentence.map((piece) =>
        typeof piece === 'string' ? (
          piece
        ) : (
          <b class={piece.isHot ? 'hot' : piece.token ? 'whole' : undefined}>
            {piece.token && <span class="tok" aria-hidden="true" />}
            {piece.strong}
          </b>
        ),
      )}
    </>
  );
}
