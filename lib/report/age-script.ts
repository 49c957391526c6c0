/**
 * The pages' only script: it writes how old the data is beside the absolute time, in words that
 * the browser has for the page's language. Without it nothing is lost but that. The time of
 * reading comes from the browser, so a page that did not change stays the same file.
 */
export const AGE_SCRIPT = `for (const time of document.querySelectorAll('time[data-age]')) {
  const minutes = Math.floor((Date.now() - Date.parse(time.dateTime)) / 60000)
  if (!(minutes >= 0)) continue
  const [count, unit] = minutes < 120 ? [minutes, 'minute']
    : minutes < 2880 ? [minutes / 60, 'hour'] : [minutes / 1440, 'day']
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang)
  time.after(' · ' + words.format(-Math.floor(count), unit))
}`
