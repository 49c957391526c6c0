/** Pairs of texts whose boxes overlap by more than a pixel, in the page's own words. */
export const OVERLAPS = `(() => {
  const boxes = []
  const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement
    if (node.data.trim() === '' || parent.closest('.hidden, details, thead, .top')) continue
    if (!parent.checkVisibility({ visibilityProperty: true })) continue
    const range = document.createRange()
    range.selectNodeContents(node)
    for (const { left, top, right, bottom } of range.getClientRects()) {
      boxes.push({ text: node.data.trim(), left, top, right, bottom, node })
    }
  }
  const found = []
  for (const [index, a] of boxes.entries()) {
    for (const b of boxes.slice(index + 1)) {
      if (a.node === b.node) continue
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left)
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
      if (across > 1 && down > 4) found.push(a.text + ' | ' + b.text)
    }
  }
  return found
})()`
