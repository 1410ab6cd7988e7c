// How far two pictures differ, drawn so that small differences are seen.

/** Of all values, how many lie below the one that becomes white. */
const SHARE_BELOW_WHITE = 0.999;

/** Draws how far two pictures differ on a canvas; gives the factor it is shown by. */
export function drawDifference(canvas, before, after) {
  const { naturalWidth: width, naturalHeight: height } = after;
  Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const pixels = (image) => {
    pen.drawImage(image, 0, 0, width, height);
    return pen.getImageData(0, 0, width, height);
  };
  const one = pixels(before).data, made = pixels(after), two = made.data;
  const counts = new Uint32Array(256);
  for (let n = 0; n < two.length; n++) {
    if ((n & 3) === 3) continue;
    two[n] = Math.abs(two[n] - one[n]);
    counts[two[n]] += 1;
  }
  let white = 255, above = 0;
  const most = (two.length / 4) * 3 * (1 - SHARE_BELOW_WHITE);
  while (white > 1 && above + counts[white] <= most) above += counts[white--];
  const factor = above || counts[white] ? Math.max(Math.floor(255 / white), 1) : 0;
  for (let n = 0; n < two.length; n++) if ((n & 3) !== 3) two[n] *= factor;
  pen.putImageData(made, 0, 0);
  return factor;
}
