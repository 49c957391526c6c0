import { writeFileSync } from 'node:fs'
import { repositoryFiles } from '../tidy/source.ts'
import { DOCUMENT, documentOf } from './document.ts'
import { numberedTitles } from './titles.ts'

/** Writes the list of faults anew: `npm run docs:faults`. */

const top = new URL('../..', import.meta.url).pathname
const titles = await numberedTitles(repositoryFiles(top))
writeFileSync(`${top}${DOCUMENT}`, documentOf(titles))
