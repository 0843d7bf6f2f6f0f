/** An element of the page that is known to be there. */
export function byId<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  return document.getElementById(id) as Kind;
}

/** A sentence, some of whose words stand out. */
export type Sentence = readonly (string | { readonly strong: string; readonly isHot?: boolean })[];

/** Puts a sentence in the place of what an element holds, unless it is there already. */
export function write(element: HTMLElement, sentence: Sentence): void {
  const text = sentence.map((part) => (typeof part === 'string' ? part : part.strong)).join('');
  if (element.textContent === text) return; // what is written again, a screen reader says again
  element.replaceChildren(
    ...sentence.map((part) => {
      if (typeof part === 'string') return part;
      const strong = document.createElement('b');
      strong.textContent = part.strong;
      if (part.isHot) strong.className = 'hot';
      return strong;
    }),
  );
}
