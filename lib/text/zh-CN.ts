import type { FindingTexts, Measured, Texts, UnitTexts } from './texts.ts'
import { durationParts, groupedNumber, twoDigits } from './units.ts'

const WEEKDAYS = ['一', '二', '三', '四', '五', '六', '日']

const units: UnitTexts = {
  day: (day) => `${day.slice(0, 4)} 年 ${Number(day.slice(5, 7))} 月 ${Number(day.slice(8))} 日`,
  shortDay: (day) => day.slice(5),
  month: (day) => `${day.slice(0, 4)} 年 ${Number(day.slice(5, 7))} 月`,
  weekday: (number) => `星期${WEEKDAYS[number - 1]}`,
  narrowWeekday: (number) => WEEKDAYS[number - 1] ?? '',
  duration: (ms) => {
    const { days, hours, minutes } = durationParts(ms)
    // After a week nobody counts hours.
    if (days >= 7) return `${days} 天`
    if (days > 0) return `${days} 天 ${twoDigits(hours)} 小时`
    return hours > 0 ? `${hours} 小时 ${twoDigits(minutes)} 分` : `${minutes} 分`
  },
  list: (items) => items.join('、'),
}

const findings: FindingTexts = {
  openAlarms: (count, critical, titles) => {
    const detail = `（紧急 ${critical} 项：${units.list(titles)}）`
    return `${groupedNumber(count)} 项告警未恢复${critical > 0 ? detail : ''}`
  },
  feeds: (coverage, names) => {
    const state = {
      missing: '文件未到',
      partial: '数据不完整',
      late: '数据晚到',
      replaced: '文件曾被替换',
    }
    return `${units.list(names)}${state[coverage]}`
  },
  disk: measured('的磁盘已用', '个磁盘将满', '个'),
  cpu: measured('的 CPU 全天平均', '台服务器 CPU 全天过高', '台'),
  memory: measured('的内存已用', '台服务器内存过高', '台'),
  service: (direction, names, weekday) =>
    `${spaced(units.list(names))}远${direction === 'low' ? '低' : '高'}于往常的${weekday}`,
  balance: (difference) => `总用户数与开销户相差 ${groupedNumber(Math.abs(difference))}`,
  rejects: (count) => `${groupedNumber(count)} 行无法识别`,
  more: (count) => `另有 ${count} 处需留意`,
  calm: '一切正常。',
  calmSoFar: '到目前为止一切正常。',
  nothingYet: '今天还没有数据。',
  sentence: (clauses) => `${clauses.join('；')}。`,
}

/** A space after Latin letters, as Chinese typesetting wants it. */
function spaced(text: string): string {
  return /[A-Za-z0-9]$/.test(text) ? `${text} ` : text
}

function measured(says: string, many: string, each: string): FindingTexts['cpu'] {
  return (named: readonly Measured[], more: number) => {
    const [first] = named
    if (first && named.length === 1 && more === 0) return `${first.name} ${says} ${first.percent}`
    const names = units.list(named.map(({ name, percent }) => `${name} ${percent}`))
    return `${named.length + more} ${many}（${names}${more > 0 ? `，另 ${more} ${each}` : ''}）`
  }
}

/** Simplified Chinese. */
export const zhCN: Texts = {
  language: 'zh-CN',
  languageName: '中文',
  units,
  findings,
  words: {
    severity: { critical: '紧急', major: '重要', minor: '次要', warning: '提示', unknown: '未知' },
    feed: { system: '系统', alarm: '告警', service: '业务' },
    coverage: {
      complete: '完整',
      partial: '不完整',
      late: '晚到',
      missing: '未到',
      replaced: '曾被替换',
    },
    coverageMeans: {
      complete: '',
      partial: '没有收到一整天的数据：中途停止，或中间有缺口。',
      late: '数据完整，但晚于规定时间到达。',
      missing: '没有收到任何数据。',
      replaced: '局点中途替换或截短了该文件；先前收到的行仍保留。',
    },
    running: '进行中',
    reject: {
      'field-count': '字段数不符',
      'bad-number': '数值无效',
      'bad-time': '时间无效',
      'empty-field': '必填字段为空',
      'foreign-site': '属于其他局点',
      oversize: '行过长',
    },
    count: {
      subscribed: '开户数',
      unsubscribed: '销户数',
      totalUsers: '总用户数',
      calls: '呼叫数',
      shows: '签名推送数',
      mo: 'MO',
      mt: 'MT',
    },
    level: { bad: '需处理', warn: '需留意', note: '有说明', calm: '正常' },
  },
  navigation: {
    sites: '全部局点',
    calendar: '日历',
    previousDay: '前一天',
    nextDay: '后一天',
    skip: '跳到正文',
    dataUpTo: (text) => `数据截至 ${text}`,
    noData: '尚无数据',
    downloads: '下载',
  },
  day: {
    lines: (count) => `${groupedNumber(count)} 行`,
    rejected: (count) => `${groupedNumber(count)} 行无法识别`,
    arrival: '数据到达情况',
    service: '业务',
    serviceNote: '当日计数，近 30 天走势',
    provisional: '暂定',
    provisionalMeans: '局点尚未写完这一行，数值可能变化。',
    fromYesterday: '昨日',
    fromLastWeek: '上周同日',
    unusual: (direction, usual) => `${direction === 'low' ? '偏低' : '偏高'}：同日中位数 ${usual}`,
    balance: {
      holds: '账平：总用户 = 昨日 + 开 − 销',
      broken: '账不平：总用户 ≠ 昨日 + 开 − 销',
      unknown: '',
    },
    noService: '当日没有业务计数。',
    trend: (name) => `${name}近 30 天走势`,
    openAlarms: '未恢复告警',
    openAlarmsNote: (count) => `${groupedNumber(count)} 项，最严重在前`,
    noOpenAlarms: '没有未恢复的告警。',
    severity: '级别',
    alarm: '告警',
    node: '节点',
    raised: '发生',
    standing: '已持续',
    moreAlarms: (count) => `另有 ${groupedNumber(count)} 项较轻的告警未列出。`,
    storm: '当日告警',
    stormNote: (raised, recovered) =>
      `发生 ${groupedNumber(raised)} 次，恢复 ${groupedNumber(recovered)} 次；按小时、按级别`,
    stormChart: (peak) => `每小时发生的告警数，按级别堆叠；最多一小时 ${groupedNumber(peak)} 次`,
    noStorm: '当日没有发生告警。',
    revision: (number) => `第 ${number} 版`,
    system: {
      title: '服务器',
      note: (count) => `${groupedNumber(count)} 台`,
      none: '当日没有服务器数据。',
      user: '用户',
      system: '系统',
      io: 'I/O',
      threshold: (percent) => `虚线 ${percent}`,
      host: '主机',
      cpu: 'CPU',
      memory: '内存',
      disks: '磁盘',
      nodes: '应用节点',
      upFor: (duration) => `已运行 ${duration}`,
      cpuNumbers: (average, p95, peak) => `均 ${average} · p95 ${p95} · 峰 ${peak}`,
      memoryNumbers: (newest, sizes) => `现 ${newest} · ${sizes}`,
      used: (used, total) => `已用 ${used}，共 ${total}`,
      cpuChart: (server) => `${server} 全天 CPU 使用率`,
      memoryChart: (server) => `${server} 全天内存使用率`,
      over: '超过阈值',
      coarse: (minutes) => `服务器较多，曲线为 ${minutes} 分钟均值`,
      others: (count) => `其余 ${groupedNumber(count)} 台，不画曲线`,
    },
    arrived: {
      title: '数据到达',
      note: '行数 = 读数 + 无法识别 + 未知类型 + 空行',
      feed: '文件',
      coverage: '情况',
      lines: '行数',
      readings: '读数',
      rejects: '无法识别',
      unknown: '未知类型',
      blank: '空行',
      generation: '文件代次',
      first: '最早收到',
      last: '最近收到',
      none: '无',
      samples: (shown, all) =>
        all > shown ? `无法识别的行（${all} 行中的 ${shown} 行）` : `无法识别的行（${all} 行）`,
    },
    proof: {
      title: '核对与归档',
      note: '日终后重新读取整个文件，逐字节比对后归档',
      mark: '已核对归档',
      equal: (at) => `${at} 已核对归档，与局点文件逐字节一致。`,
      gone: (at) => `${at} 已按收到的数据归档：局点上的文件已删除或清空。`,
      absent: '核对时局点上没有此文件。',
      due: (at) => `尚未核对：${at} 起进行。`,
      reopened: (at) => `${at} 核对后又收到新数据，等待重新核对。`,
      term: {
        readings: (count) => `${groupedNumber(count)} 读数`,
        rejects: (count) => `${groupedNumber(count)} 无法识别`,
        unknown: (count) => `${groupedNumber(count)} 未知类型`,
        blank: (count) => `${groupedNumber(count)} 空行`,
      },
      bytes: (count) => `${groupedNumber(count)} 字节`,
      check: '每项末行是该文件的 SHA-256，与 sha256sum 的输出格式相同，可自行比对。',
      tail: '最后一行没有换行符，已计入',
      newest: (number) => `字节数和 SHA-256 属于最新的第 ${number} 代文件`,
    },
  },
  overview: {
    title: '全部局点',
    note: (sites) => `${groupedNumber(sites)} 个局点，最需要处理的在前`,
    gravest: (sites, shown) =>
      `共 ${groupedNumber(sites)} 个局点，只显示最需要处理的 ${groupedNumber(shown)} 个`,
    others: (address) => `每个局点的页面都在 ${address} 下，包括这里没有显示的局点。`,
    verdict: ({ bad, warn, note, calm }) => {
      const clauses = [
        bad > 0 && `${groupedNumber(bad)} 个局点需处理`,
        warn > 0 && `${groupedNumber(warn)} 个需留意`,
        calm + note > 0 && `${groupedNumber(calm + note)} 个正常`,
      ].filter((clause) => clause !== false)
      return bad + warn === 0 ? '所有局点一切正常。' : `${clauses.join('；')}。`
    },
    none: '还没有局点数据。',
    site: '局点',
    state: '状况',
    alarms: '未恢复告警',
    calls: '呼叫数',
    worstCpu: '最高 CPU',
    worstDisk: '最满磁盘',
    arrived: '到达',
    days: '近几日',
    dataUpTo: '数据截至',
  },
  calendar: {
    title: '日历',
    note: (days) => `${groupedNumber(days)} 天有报告`,
    none: '还没有报告。',
    alarms: (count) => `${groupedNumber(count)} 项`,
  },
  notFound: {
    title: '没有这一页',
    text: '地址可能有误，或者这一天没有报告。',
    home: '查看全部局点',
  },
}
