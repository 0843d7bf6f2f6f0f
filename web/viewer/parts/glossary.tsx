import { useEffect, useRef } from 'preact/hooks';
import { Icon } from './icons.jsx';

const WORDS: readonly (readonly [string, string])[] = [
  [
    'block',
    'A few latent frames that are generated together. The video is made block by block, each over the cache of those before it.',
  ],
  ['latent frame', 'A frame of what the model works on: the VAE makes about four pictures of it.'],
  ['token', 'A patch of a latent frame: one cell of a small map.'],
  [
    'drift',
    'How far a token went since the block before: a distance between latents, in no unit that an eye would know.',
  ],
  ['unstable set', 'The tokens that moved most: a share p of them. They are outlined.'],
  [
    'severity, “moved”',
    'How much a block moved: the mean drift of its unstable set. Large is not bad by itself: a cut or a fast motion is large too.',
  ],
  [
    'mean, σ, λ',
    'What is usual so far: mean and standard deviation of the severities of the accepted blocks. Above mean + λσ is too much. In JSON: mean and std. The noise level of a denoising step is another σ.',
  ],
  ['warm-up', 'The first blocks, which are kept whatever they do, so that there is a mean.'],
  [
    'made again',
    'The unstable tokens are removed from the recent frames of the cache, and the block is generated once more from the same initial noise, with fresh noise between its steps where the method draws some: that alone moves it a little. The page says whether it then moved less; it cannot say whether it looks better.',
  ],
  [
    'KV cache',
    'Keys and values of past frames: what a block can see. The oldest frame is evicted when a new one comes.',
  ],
  ['sink, anchor', 'Frames of the video’s beginning that are never evicted and lose no tokens.'],
  [
    'x0, denoising call',
    'After each call the model has a guess of the finished frames. It is shown in rough colours: a linear map, not the VAE.',
  ],
];

const KEYS: readonly (readonly [string, string])[] = [
  ['← →', 'block before, block after'],
  ['Home End', 'first and last block'],
  [', .', 'picture before, picture after'],
  ['[ ]', 'denoising call before, call after'],
  ['A', 'the next attempt at the block'],
  ['R', 'the next block that was made again; with shift the one before'],
  ['space', 'play'],
  ['C', 'compare with the next run'],
  ['D', 'the map of drift over the picture'],
  ['1 … 9', 'a step of the method, its formula and its code'],
  ['L', 'another λ, by the arrow keys'],
  ['/', 'find blocks'],
  ['T', 'light or dark'],
  ['Esc', 'close, let go'],
];

/** What the words mean, and what the keys do. */
export function Glossary({ isOpen, close }: { readonly isOpen: boolean; readonly close: () => void }) {
  const place = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = place.current;
    if (isOpen && dialog && !dialog.open) {
      dialog.showModal();
      dialog.scrollTop = 0; // its button, at the end, has the focus
    }
    if (!isOpen && dialog?.open) dialog.close();
  }, [isOpen]);
  return (
    <dialog ref={place} aria-labelledby="glossary-title" onClose={close}>
      <h2 id="glossary-title">What the words mean</h2>
      <dl>
        {WORDS.map(([word, meaning]) => (
          <div key={word}>
            <dt>{word}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <h2>Keys</h2>
      <dl class="keys-list">
        {KEYS.map(([key, act]) => (
          <div key={key}>
            <dt>
              {key === '← →' ? (
                <kbd>
                  <Icon name="left" /> <Icon name="right" />
                </kbd>
              ) : (
                <kbd>{key}</kbd>
              )}
            </dt>
            <dd>{act}</dd>
          </div>
        ))}
      </dl>
      <button type="button" class="primary" onClick={close}>
        Close
      </button>
    </dialog>
  );
}
