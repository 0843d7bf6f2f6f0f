import { useLayoutEffect } from 'preact/hooks';

/** What a key does, by the key's name. */
export type Keys = Readonly<Record<string, () => void>>;

/** Keys for what the page's buttons do as well, wherever they are not typed into something or would press it. */
export function useKeys(keys: Keys): void {
  // Before the next key: what it does depends on what the one before did.
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const { key, ctrlKey, metaKey, altKey, defaultPrevented } = event;
      const place = event.target as Element;
      if (defaultPrevented || ctrlKey || metaKey || altKey) return;
      if (place.matches('input:not([type=range]), textarea, select') || place.closest('dialog[open]')) return;
      if (place.matches('input[type=range]') && /^(Arrow|Home|End|Page)/.test(key)) return;
      if (key === ' ' && place.matches('button, summary, a, input')) return;
      const name = key.length === 1 ? key.toLowerCase() : key;
      const act = (event.shiftKey ? keys[`shift+${name}`] : undefined) ?? keys[name];
      if (!act) return;
      event.preventDefault();
      act();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  });
}
