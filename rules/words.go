package rules

import "strings"

// dictionary are the words of which placeholders and hand-made values are made. It need not be complete: words it does not
// know are caught by how their letters follow each other.
var dictionary = wordSet(`
	able about access account action active actual add address admin agent alpha and another answer any api apis app apple apps
	are array auth author authorization auto aws azure back backend bar base based basic baz bearer beta big bill billing
	black blank block blue body book boolean bot branch brand build bucket bus but button byte cache call can cert change
	changeme changeit chat check city class client cloud code color com company conf config connect contact content
	context cool copy core correct count create credential credentials crm current custom customer daily dash data
	database date day debug default delete demo deploy desk dev device digest direct disabled docs doctor dog domain done
	dont door dummy edit email empty enable enabled end engine enter entry env environment error event every example
	fake false field file final find first fish fix flag float foo force form format free friend from full function game
	gateway general generate generated get git global goes good google group guest handle has hash have header hello help
	her here hide hidden hidden home host hour house how http https hub icon identity image import info input insert
	inside install int integer internal invalid invoice issue item james java job john json just keep key keys kind
	know label large last lead left legacy letmein level license life light like line link list live load local log
	login long lorem ipsum mail main make manage manager master max member message method mobile mock mode model modern
	module money monkey month more must name need nest new next none not note nothing null num number object off office
	old only open option optional order org organization other our out over own owner page panel part pass passphrase
	passwd password path pay payment person phone php pin place placeholder plain plan platform play please plugin point
	port post private process prod product production profile program project prop protected provider proxy public
	purple push put python query queue quick quote random read real red redacted redis refresh region release remote
	remove replace report request require reset resource rest result return right role room root route row rule run safe
	sales same sample sandbox save schema scope script search seat second secret secrets secure security select self send
	server service session set setting settings shop should show side sign signature simple single site size slack
	small smart some something source space spring staff stage staging standard star start state static status stop
	store stored story stream string strong stub submit subscription sum summer super support sure swagger switch
	system table tag target task team temp template temporary tenant test tester testing text that the their them then
	there these they thing this ticket time title todo token tokens tool top tree true try two type ultra unique unknown
	until update upload url use user username users uuid valid value var variable vault vendor version very view wait
	want web webhook week welcome what when white who will window winter wish with word work worker workflow workspace
	world write xxx year yes yet you your yours zero zone
`)

func wordSet(list string) map[string]bool {
	set := make(map[string]bool)
	for _, word := range strings.Fields(list) {
		set[word] = true
	}
	return set
}

// frequentPairs are the pairs of letters that make up most of English text. Of random letters about one pair in six is
// among them, of words more than two in three.
var frequentPairs = wordSet(`
	th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro ic ne
	ea ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct us ac ot il tr ly nc et ut ss so rs un lo wa
	ge ie wh ee wi em ad ol rt po we na ul ni ts mo ow pa im mi ai sh ir su id os iv ia am fi ci vi pl ig tu ev ld ry mp
	fe bl ab gh ty op wo sa ay ex ke ui bo
`)

// Bounds of what is taken for words.
const (
	// leastWordLetters are the letters below which nothing is said.
	leastWordLetters = 6
	// wordShare is the share of letters in known words, pairShare the share of frequent pairs, above which it is words.
	wordShare = 0.59
	pairShare = 0.62
	// leastPairs are the pairs of letters below which their frequency says nothing.
	leastPairs = 18
	// letterShare is the least share of letters in the whole.
	letterShare = 0.6
)

// isWords reports whether a text consists of words rather than of random characters.
func isWords(s string) bool {
	letters, inWords, pairs, frequent := 0, 0, 0, 0
	for _, run := range letterRuns(s) {
		letters += len(run)
		inWords += coveredByWords(run)
		for i := 0; i+2 <= len(run); i++ {
			pairs++
			if frequentPairs[run[i:i+2]] {
				frequent++
			}
		}
	}
	if letters < leastWordLetters || float64(letters) < letterShare*float64(len(s)) {
		return false
	}
	byWords := float64(inWords) >= wordShare*float64(letters)
	byPairs := pairs >= leastPairs && float64(frequent) >= pairShare*float64(pairs)
	return byWords || byPairs
}

// letterRuns cuts a text into runs of ASCII letters, in lower case; a capital after a small letter begins a new one.
func letterRuns(s string) []string {
	var runs []string
	start := -1
	for i := range len(s) {
		c := s[i]
		capital := 'A' <= c && c <= 'Z'
		letter := capital || 'a' <= c && c <= 'z'
		ends := !letter || capital && i > 0 && 'a' <= s[i-1] && s[i-1] <= 'z'
		if start >= 0 && ends {
			runs = append(runs, lower(s[start:i]))
			start = -1
		}
		if letter && start < 0 {
			start = i
		}
	}
	if start >= 0 {
		runs = append(runs, lower(s[start:]))
	}
	return runs
}

// coveredByWords is the greatest number of letters of a run that known words cover without overlap.
func coveredByWords(run string) int {
	const shortest, longestWord = 3, 16
	best := make([]int, len(run)+1)
	for end := 1; end <= len(run); end++ {
		best[end] = best[end-1]
		for n := shortest; n <= min(longestWord, end); n++ {
			if dictionary[run[end-n:end]] {
				best[end] = max(best[end], best[end-n]+n)
			}
		}
	}
	return best[len(run)]
}
