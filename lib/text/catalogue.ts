import type { Language } from '../site.ts'
import { en } from './en.ts'
import type { Texts } from './texts.ts'
import { zhCN } from './zh-CN.ts'

/** The words of every language; a language without all of them does not compile. */
export const CATALOGUE: Readonly<Record<Language, Texts>> = { 'zh-CN': zhCN, en }
