import { Icon } from './icons.jsx';

/** The keys that are used most; all of them are in the dialog. */
export function KeyHints({ canCompare }: { readonly canCompare: boolean }) {
  const hints: readonly (readonly [readonly string[], string])[] = [
    [['←', '→'], 'block'],
    [[',', '.'], 'picture'],
    [['[', ']'], 'denoising'],
    [['R'], 'next one made again'],
    [['space'], 'play'],
    ...(canCompare ? [[['C'], 'compare'] as const] : []),
    [['1–9'], 'the method'],
    [['/'], 'find'],
    [['T'], 'light or dark'],
    [['?'], 'what the words mean'],
  ];
  return (
    <footer class="keys">
      {hints.map(([keys, act]) => (
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
