// What a report's text looks like to people who see little: each piece of text that has too little contrast with what is
// behind it (WCAG 2.2, AA). Colours are plain rgb() here, and backgrounds without holes.
() => {
  const channels = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const [red, green, blue, alpha = 1] = channels(getComputedStyle(at).backgroundColor);
      if (alpha > 0) return [red, green, blue];
    }
    return [255, 255, 255];
  };
  const faults = new Set();
  let looked = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility() || element.closest("title, desc")) continue;
    const style = getComputedStyle(element);
    const tile = element.closest(".tiles") && document.querySelector(`.tiles rect.${element.getAttribute("class")}`);
    const back = tile ? channels(getComputedStyle(tile).fill) : behind(element);
    const found = contrast(channels(element instanceof SVGElement ? style.fill : style.color), back);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    looked += 1;
    if (found < (isLarge ? 3 : 4.5)) faults.add(`${found.toFixed(2)}: ${element.tagName} ${node.data.trim().slice(0, 40)}`);
  }
  return { looked, faults: [...faults] };
};
