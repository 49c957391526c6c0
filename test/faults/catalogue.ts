/** One fault that a collector of files meets, and what Siterounds does about it. */
export interface Fault {
  number: string
  fault: string
  /** What Siterounds does, as one plain sentence. */
  does: string
}

/** Each fault after its number, and indented below it what Siterounds does. */
const TEXT = `
# Files that are cut, replaced or rotated
F01 The inode of a file is used for another file.
  Bytes alone say which file this is: it is read from its beginning, as the next generation.
F02 The file is shorter than what was read of it.
  The very next round reads it whole, as the next generation.
F03 The file was cut and grew as long as before, or longer, between two rounds.
  The bytes before the resume place differ, so it is read anew; no row is lost or doubled.
F04 A cut is noticed, and forgotten at the next start.
  The new generation is stored in the same write as its first rows.
F05 Two files begin with the same lines.
  The beginning of a file proves nothing: only the last bytes read do.
F06 The file is too small to be recognised.
  Files of one byte and one line are read like others.
F07 Files were rotated while nothing ran.
  Every day since the last one read is caught up on, oldest first.
F08 The place in yesterday’s file is used for today’s.
  Every day file has a ledger of its own, and begins at its first byte.
F09 The file is copied away and cut while its writer goes on.
  Rows that are known are not stored again, and the hole that the writer leaves is passed
  over.
F10 The file is renamed or copied back, and the process starts again.
  Nothing new is found, because the bytes are the same.
F11 A rotated file is compressed, under its name or beside it.
  A compressed file is refused by its first bytes; the rows that were read stay.
F12 The producer writes the whole file at every round.
  Just the lines that are new are stored.
F13 The oldest lines drop out of the file.
  The ledger keeps them, and stores just the lines that are new.
F14 Cleaning up removes the place in another input’s file.
  Places are never removed because a site is not seen or not configured now.
F15 Two places are kept for one file.
  A day file has one ledger, and one writer wins each record of it.
F16 A second instance starts before the first has stopped.
  A writer that is late continues from what the others wrote; a sleeper harms nothing.
F17 The state grows for ever.
  What belongs to days that are kept no longer is dropped.
F18 The file vanishes while it is read.
  Whole lines that came are kept, and alarms of a file that is gone do not expire.
F19 The same day is loaded twice by hand.
  Nothing changes, and the command says that nothing was new.
# Lines, encodings, sizes
F20 An unfinished last line is lost at a restart.
  A line is taken when its newline is there, and asked for again until then.
F21 An unfinished line is taken for a whole one.
  It never is: no timer ends a line.
F22 The last line never gets its newline.
  It is shown as provisional, and is the same line once its newline comes.
F23 A line that is too long makes the place wrong.
  The place is counted in bytes of the file, whatever becomes of its lines.
F24 A line of many megabytes fills the memory.
  It is read past in pieces of 64 KiB, and counts as one reject.
F25 A character is split where two reads meet.
  Bytes are cut into lines before anything is decoded.
F26 A byte order mark stands before the first line.
  It is not seen; the place counts it as the bytes it is.
F27 The file is written in UTF-16.
  It is refused with a sentence that says so; lines appended in UTF-16 are rejects.
F28 The file is in GB18030, in another charset, or broken.
  UTF-8 and GB18030 are read line by line; anything else is kept as it came and shown as far
  as it can be.
F29 NUL bytes stand in the file.
  A run before a line is passed over; 64 KiB of them count as a blank line.
F30 Lines end with CRLF, or a CR stands alone.
  Lines end at a newline alone; a CR before it is not part of the line.
F31 The file, or a line of it, is empty.
  An empty file is read and holds nothing; blank lines are counted as blank.
F32 A line has too many or too few fields, or is a header.
  It is a reject with its reason, and the lines behind it are read.
F33 A text holds control characters or marks of writing direction.
  It is kept as it came, and escaped wherever it is shown.
F34 A number is none, or is past all numbers.
  The line is a reject: no such number gets into figures.
F35 A record reaches over several lines, or the read stops within it.
  Each line stands for itself, and the place is behind the last whole one.
# Web servers
F36 The server ignores Range and sends the whole file.
  The body is taken for the file from its beginning, compared, and read on from the place.
F37 A part of the file comes with status 200.
  Content-Range is believed if it can be true, and the bytes are compared.
F38 A part starts elsewhere than asked.
  One that starts before is read up to the place; one that starts behind it is an error.
F39 Status 206 comes with the whole body, or without saying where it is.
  It is an error, and nothing is taken.
F40 The body is shorter than promised.
  Its whole lines are kept, and the next round reads on.
F41 Status 416 comes although the file has not become shorter.
  The bytes asked for begin before the place, so 416 means shorter; one that contradicts
  itself is an error.
F42 Status 416 or 404 comes without the size of the file.
  The whole file is asked for, and that answer decides.
F43 Each answer has another ETag.
  ETags are not looked at.
F44 The ETag is a weak one.
  ETags are not looked at.
F45 If-Range makes the server send the whole file.
  Nothing conditional is ever asked.
F46 The file is replaced between two requests of a round.
  Every answer is compared with what was read before.
F47 A part comes compressed.
  Only plain bytes are asked for; a compressed answer is an error.
F48 The server says Content-Encoding: identity.
  That is no encoding.
F49 A cache answers with old or partial bytes.
  No cache is asked, and an answer that is too short takes no row away.
F50 A proxy refuses what the server would allow.
  The failure is told, and the next round asks again.
F51 The length is that of another encoding of the file.
  The body counts as cut; its whole lines are kept.
F52 The site redirects to another host, to a file, or in a circle.
  Each step is checked like the first, and credentials stay at home.
F53 A login or error page comes with status 200.
  It is known by its beginning, and nothing of it is taken.
F54 The site is silent, stalls, or never ends.
  Waiting ends, and whole lines that came are kept.
F55 The file is not there yet, or the site is down.
  Absence is noted and is no failure while the site has other files; a site that is down is
  told.
F56 A body that ends by closing is cut.
  Only whole lines are taken, so the next round finds the rest.
# SFTP
F57 A read stream leaves out parts of the file.
  Not built yet.
F58 The end of the file comes too early, or never.
  Not built yet.
F59 Bytes come for another place than asked.
  Not built yet.
# State, crashes, disk
F60 The state is torn or full of NUL bytes after a crash.
  The store finds it out and says so: it never begins anew in silence.
F61 Damaged state makes every start fail.
  It ends in one clear sentence about what to do, or heals.
F62 A write is interrupted.
  A write is there whole or not at all.
F63 The place is stored before the rows.
  Rows and place are one record, written at once.
F64 The disk is full.
  The round stops with one clear sentence, and goes on when there is room.
F65 SQLite on a network share, or without waiting for the disk.
  A network share is refused, and every commit waits for the disk.
# Time
F66 Times lie far in the past or the future.
  The row is kept; a time in the future counts as the moment of reading.
F67 The clock jumps back.
  Order comes from sequence numbers, never from clocks; a recovery holds whichever clock was
  wrong.
F68 The clock of a zone is moved.
  Days have 23 or 25 hours, and a repeated hour is told apart by the order of lines.
F69 Rows of yesterday come after midnight, and files rotate at 01:00.
  Yesterday is read at every round until 02:00 in the zone of the site, and again later.
F70 Leap days, year ends, a file of tomorrow, two files for a day.
  A day is read when it begins at the site, under its one name.
# Alarms and mail
F71 An alarm is mailed again after it recovered, or by two workers.
  A notice is claimed before a mail is sent, and says for each occurrence that it went out.
F72 A mail is never sent after failures.
  Within two rounds after everything works again, all that is due is sent.
F73 Alarms expire while their site cannot be read.
  Only time in which the site was read counts.
F74 A backfill opens old alarms or mails them.
  What a backfill read first is never mailed, and stands on the pages of its days.
F75 An alarm comes and goes within one round.
  Both rows are kept, and what does not stand is not mailed.
F76 The texts of an alarm differ by case, spaces or a number.
  An occurrence is known by its name, node and raise time as they came; its description may
  change.
`

/** The catalogue, section by section. */
export const CATALOGUE: { title: string; faults: Fault[] }[] = TEXT.split(/^# /m)
  .slice(1)
  .map((section) => {
    const [title, ...blocks] = section.split(/\n(?=F\d\d )/)
    return { title: title!, faults: blocks.map(faultOf) }
  })

function faultOf(block: string): Fault {
  const [, number, fault, does] = /^(F\d\d) (.+?)\n {2}(.+)$/s.exec(block)!
  const plain = (text: string) => text.replaceAll(/\s+/g, ' ').trim()
  return { number: number!, fault: plain(fault!), does: plain(does!) }
}

/** Faults without a test, and why. */
export const WAITING: Record<string, string> = Object.fromEntries(
  ['F57', 'F58', 'F59'].map((number) => [number, 'sites cannot be reached by SFTP yet']),
)
