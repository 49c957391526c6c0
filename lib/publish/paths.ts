import type { Day, Language } from '../site.ts'

/**
 * Where pages stand: the first language at the root of the report site, each other one below a
 * folder of its own. Every address ends in a file, so that pages work from a folder too.
 */
export interface Place {
  language: Language
  /** Path of the page within its language. */
  path: string
}

/** Folders of the languages that are not at the root. */
const FOLDERS: Readonly<Record<Language, string>> = { 'zh-CN': 'zh/', en: 'en/' }

/** Path of a page within its language: the overview. */
export const OVERVIEW_PATH = 'index.html'

/** Path of a site's calendar within its language. */
export function calendarPath(site: string): string {
  return `${site}/index.html`
}

/** Path of a site-day's page within its language. */
export function dayPath(site: string, day: Day): string {
  return `${site}/${day}/index.html`
}

/** The folders of the report site that hold a site's pages, in whatever languages there were. */
export function siteFolders(site: string): string[] {
  return ['', ...Object.values(FOLDERS)].map((folder) => `${folder}${site}/`)
}

/** Where a page stands in the report site; `languages` as in the settings. */
export function publishedPath({ language, path }: Place, languages: readonly Language[]): string {
  return language === languages[0] ? path : `${FOLDERS[language]}${path}`
}

/** The relative address that leads from one page to another. */
export function hrefFrom(from: Place, to: Place, languages: readonly Language[]): string {
  const depth = publishedPath(from, languages).split('/').length - 1
  return `${'../'.repeat(depth)}${publishedPath(to, languages)}`
}

/** Links to the same page in the other languages. */
export function languageLinks(here: Place, languages: readonly Language[]) {
  return languages
    .filter((language) => language !== here.language)
    .map((language) => ({ language, href: hrefFrom(here, { ...here, language }, languages) }))
}
