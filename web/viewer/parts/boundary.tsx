import { Component, type ComponentChildren } from 'preact';

/** Where something breaks inside, a sentence stands in its place, and not an empty page. */
export class Boundary extends Component<{ readonly children: ComponentChildren }, { readonly error?: unknown }> {
  static override getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <main>
        <section class="story">
          <div>
            <h1 class="title">This cannot be shown</h1>
            <p class="say">
              Something in the trace is not as this page expects it (
              {error instanceof Error ? error.message : String(error)}). Load it again; another block may be shown with{' '}
              <code>#block=0</code> at the end of the address.
            </p>
          </div>
        </section>
      </main>
    );
  }
}
