import { html } from '../../text/html.ts'
import type { Texts } from '../../text/texts.ts'
import type { PageView } from './shell.ts'
import { link, page } from './shell.ts'

/** What the page for a wrong address needs: it answers at any depth, so its link is absolute. */
export interface NotFoundView extends PageView {
  homeHref: string
}

/** The page for an address without a page. */
export function notFoundPage(view: NotFoundView, texts: Texts): string {
  const words = texts.notFound
  const main = html`<h1>${words.title}</h1><p>${words.text}</p><p>${link(
    view.homeHref,
    words.home,
  )}</p>`
  return page(view, { title: `${words.title} · ${view.brand}`, left: [], right: [], main }, texts)
}
