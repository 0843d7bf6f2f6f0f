import { Icon } from './icons.jsx';

/** What a page has that keys act on. */
export interface KeysFor {
  readonly blocks: boolean;
  readonly pictures: boolean;
  readonly calls: boolean;
  readonly again: boolean;
  readonly comparison: boolean;
  readonly find: boolean;
}

/** The keys that are used most and do something here; all of them are in the dialog. */
export function KeyHints({ has }: { readonly has: KeysFor }) {
  const all: readonly (readonly [boolean, readonly string[], string])[] = [
    [has.blocks, ['←', '→'], 'block'],
    [has.pictures, [',', '.'], 'picture'],
    [has.calls, ['[', ']'], 'denoising'],
    [has.again, ['R'], 'next one made again'],
    [has.blocks || has.pictures, ['space'], 'play'],
    [has.comparison, ['C'], 'compare'],
    [has.find, ['1–9'], 'the method'],
    [has.find, ['/'], 'find'],
    [true, ['T'], 'light or dark'],
    [true, ['?'], 'what the words mean'],
  ];
  const hints = all.filter(([isThere]) => isThere);
  return (
    <footer class="keys">
      {hints.map(([, keys, act]) => (
        <span key={act}>
          {keys.map((key) => (
            <kbd key={key}>{key === '←' ? <Icon name="left" /> : key === '→' ? <Icon name="right" /> : key}</kbd>
          ))}
          {act}
        </span>
      ))}
    </footer>
  );
}
