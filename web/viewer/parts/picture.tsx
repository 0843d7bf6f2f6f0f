import { useEffect, useRef, useState } from 'preact/hooks';
import type { Files } from '../data/run.js';
import type { PictureRef } from '../logic/pictureAt.js';

/** A picture out of a sheet, at its own size: styles scale it. Without a label it says nothing that is not said beside it. */
export function Picture({
  files,
  picture,
  label,
}: {
  readonly files: Files;
  readonly picture: PictureRef | null;
  readonly label: string;
}) {
  const place = useRef<HTMLCanvasElement>(null);
  const [missing, setMissing] = useState<string | null>(null); // the file whose picture cannot be shown
  const file = picture?.sheet.file;
  const index = picture?.index;
  useEffect(() => {
    const canvas = place.current;
    if (!canvas || !picture) return;
    let isGone = false;
    const { sheet } = picture;
    files.image(sheet).then(
      (image) => {
        if (isGone) return;
        if (canvas.width !== sheet.width) canvas.width = sheet.width;
        if (canvas.height !== sheet.height) canvas.height = sheet.height;
        const { width, height, columns } = sheet;
        const [x, y] = [(picture.index % columns) * width, Math.floor(picture.index / columns) * height];
        canvas.getContext('2d')?.drawImage(image, x, y, width, height, 0, 0, width, height);
        canvas.dataset.state = 'drawn';
      },
      () => {
        if (isGone) return;
        canvas.dataset.state = 'missing';
        setMissing(sheet.file);
      },
    );
    return () => {
      isGone = true;
    };
  }, [files, file, index]);
  const told = label ? { role: 'img' as const, 'aria-label': label } : { 'aria-hidden': true };
  return (
    <>
      <canvas ref={place} width={1} height={1} data-state={picture ? 'waiting' : 'none'} {...told} />
      {label && file !== undefined && missing === file && <p class="blank">{file} is missing or damaged</p>}
    </>
  );
}
