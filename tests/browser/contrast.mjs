// Contrast of text, as WCAG 2.2 reckons it (section 1.4.3).

/** The texts of a page whose contrast to their ground is below 4.5. Runs inside the page. */
export function faintTexts() {
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = (colour) => {
    const [red, green, blue] = channels(colour).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      const [, , , alpha = 1] = channels(colour);
      if (alpha === 1) {
        return colour;
      }
    }
    return 'rgb(255, 255, 255)';
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const faint = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const text = element.matches('input:not([type=hidden])') ? element.name : own && element.innerText;
    if (text) {
      const found = contrast(getComputedStyle(element).color, ground(element));
      if (found < 4.5) {
        faint.push(`${text}: ${found.toFixed(2)}`);
      }
    }
  }
  return faint;
}
