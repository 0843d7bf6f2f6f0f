/** What a key does, by the key's name. */
export type Keys = Readonly<Record<string, () => void>>;

/** Keys for what buttons do as well, wherever they are not typed into something or would press it. */
export function listenToKeys(keys: Keys): void {
  document.addEventListener('keydown', (event) => {
    const { key, target, ctrlKey, metaKey, altKey } = event;
    const place = target as Element;
    if (ctrlKey || metaKey || altKey || place.matches('input, textarea, select')) return;
    if (key === ' ' && place.matches('button, summary, a')) return;
    const act = keys[key.length === 1 ? key.toLowerCase() : key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
