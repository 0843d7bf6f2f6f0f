// Signs that not every font has, drawn.

const shapes = {
  play: <path d="M4 2.5v11l9-5.5z" />,
  pause: <path d="M4 3h3v10H4zM9 3h3v10H9z" />,
  theme: <path d="M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13zm0 1.5v10a5 5 0 0 1 0-10z" fill-rule="evenodd" />,
  left: <path d="M9.5 3.5L5 8l4.5 4.5M5 8h8" class="stroke" />,
  right: <path d="M6.5 3.5L11 8l-4.5 4.5M11 8H3" class="stroke" />,
} as const;

/** A sign beside words, or in a button that has a label. */
export function Icon({ name }: { readonly name: keyof typeof shapes }) {
  return (
    <svg class="sign" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      {shapes[name]}
    </svg>
  );
}
