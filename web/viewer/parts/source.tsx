import { CODE, REPOSITORY } from 'virtual:method-code';

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
