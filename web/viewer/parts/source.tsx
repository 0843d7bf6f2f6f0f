import { CODE, REPOSITORY } from 'virtual:method-code';

/** Puts a text where one pastes from, and says so; where the browser does not let it, the text is chosen. */
async function copy(text: string, button: HTMLButtonElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'copied';
  } catch {
    const place = button.previousElementSibling;
    if (place) getSelection()?.selectAllChildren(place);
  }
}

/** A function of the method: where it stands, and its lines. */
export function Source({ name, file }: { readonly name: string; readonly file: string }) {
  const code = CODE[`${file} ${name}`];
  const place = code ? `${file}:${code.line}` : file;
  return (
    <details class="source">
      <summary>
        <code>{name}</code> in{' '}
        {REPOSITORY ? (
          <a href={`${REPOSITORY}/blob/main/${file}${code ? `#L${code.line}` : ''}`}>{place}</a>
        ) : (
          <code>{place}</code>
        )}
      </summary>
      {!REPOSITORY && (
        <p class="place">
          <code class="pick">{place}</code>
          <button type="button" class="plain" onClick={({ currentTarget }) => void copy(place, currentTarget)}>
            copy
          </button>
        </p>
      )}
      {code ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keys
        <section tabIndex={0} class="code" aria-label={`${name}, source`}>
          <pre>{code.text}</pre>
        </section>
      ) : (
        <p>It is longer than what is shown here: open the file.</p>
      )}
    </details>
  );
}
