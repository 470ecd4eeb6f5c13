package records

// discord is a channel as the common exporter of Discord channels writes it.
//
// https://github.com/Tyrrrz/DiscordChatExporter
var discord = (&shape{
	name: "discord", title: "a Discord channel export",
	sure: []string{"/guild.id /channel.id /dateRange", "/guild.id /channel.id /messages[]", "/guild.id /channel.categoryId"},
	members: map[string]role{
		"channel.name":             {means: meansRecord},
		"messages[]":               {record: true, under: true},
		"messages[].id":            {means: meansRecord},
		"messages[].author":        {means: meansAuthor},
		"messages[].timestamp":     {means: meansTime},
		"messages[].attachments[]": {part: "attachment"},
		"messages[].embeds[]":      {part: "embed"},
	},
}).format()
