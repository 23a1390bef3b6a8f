"""Messages of corpora: H1xx."""


class CorporaErrors:
    H100 = (
        "[H100] {total} in {files}: {kinds}. Correct them, or choose what happens to them with "
        "--on-error repair or --on-error skip.\n{listing}"
    )
    H101 = (
        "[H101] {where}: {found} columns where the file has {columns}: {row!r}. Is the tag missing, or is there a "
        "space inside a token?"
    )
    H102 = (
        "[H102] {where}: {token!r} has the tag {tag!r}. Expected O, or one of {letters} followed by - or _ and a "
        "label (scheme {scheme}; prefixes are upper case). If the file has bare labels such as PER, take --scheme IO."
    )
    H103 = (
        "[H103] {where}: {token!r} has the tag {tag!r}, a prefix of another scheme than the file's {scheme} "
        "({letters}, O). --scheme sets the scheme."
    )
    H104 = "[H104] {where}: space inside the token {token!r}. Give each of its words a line of its own."
    H105 = "[H105] {where}: {token!r}: {tag} after {previous} is illegal in {scheme}; expected {expected}.{detected}"
    H106 = "[H106] {where}: empty token (its tag is {tag!r})."
    H107 = "[H107] {where}: not valid UTF-8 text: '{token}'. Save the file as UTF-8."
    H108 = "[H108] {where}: a binary file, or text in another encoding than UTF-8. Save it as UTF-8 text."
    H109 = "[H109] {where}: no documents in it{detail}. Expected {expected}."
    H110 = "[H110] {where}: there is no such file{detail}."
    H111 = (
        "[H111] {where}: no column (of {columns}) holds mostly tags such as O, B-PER, I-PER (prefixes are upper "
        "case); the last holds {examples}. Expected a token and its tag in each line. If they are there, name the tag's column with "
        "--tag-column (counted from 1), or take --scheme IO for bare labels such as PER."
    )
    H112 = (
        "[H112] {where}: the span {start}-{end} {label!r} {problem}. Expected start, end and label, with "
        "0 <= start < end <= {length}, counted in characters."
    )
    H113 = "[H113] {where}: the spans {first} and {second} overlap; doc.ents cannot hold both."
    H114 = "[H114] {where}: {problem}. Expected {expected}."
    H115 = "[H115] {where}: the column {column} is missing; the header has {header}. {advice}."
    H116 = (
        "[H116] {where}: labels that no input has: {unknown}. The inputs have: {known}. Correct the names, or take "
        "these pairs out of the map."
    )
    H117 = (
        "[H117] {where}: not a list of [from, to] pairs ({problem}). Expected JSON or YAML such as "
        '[["PER", "PERSON"], ["MISC", null]]; null drops a label.'
    )
    H118 = "[H118] --split {split!r}: {problem}. Expected two or three shares that sum to 1, such as 0.8,0.1,0.1."
    H119 = "[H119] {option} {value!r} is none of: {allowed}."
    H120 = "[H120] {first} and {second} would both be written to {target}: rename one, or convert them apart."
    H121 = "[H121] --script {script} needs OpenCC: pip install 'spacy-hone[zh]'."
    H122 = "[H122] {where}: {option} {value} is not between 1 and {columns}, the number of columns."
    H123 = "[H123] --lang {lang} with --tokenizer {tokenizer} cannot be loaded: {problem}"
    H124 = (
        "[H124] {where}: {problem}. Expected a corpus in spaCy's binary format (.spacy), or a folder of such "
        "files: make one with `python -m spacy hone convert`, or say where it lies (`spacy train`: --paths.train "
        "and --paths.dev)."
    )
    H125 = "[H125] {where}: of {total} documents none would be in {part}: too few for --split {split}."
    H126 = "[H126] {where} is a file; the last argument is the folder to write to."
    H127 = "[H127] {where}: cannot be made or written to ({problem}). Name another output folder."
    H128 = (
        "[H128] {where}: more than {rows:,} lines without a blank line or a document mark. Expected a blank line "
        "after each sentence."
    )
    H129 = (
        "[H129] {where}: no column has a usual name for {option}; the first line has {header}. Give its name in "
        "the header or, if there is no header, its number (counted from 1, for both columns)."
    )
    H130 = (
        "[H130] {where}: half of a surrogate pair, which is no character: '{token}'. Write both halves "
        "(\\ud83d\\ude00), or the character itself."
    )
    H131 = (
        "[H131] {where}: --on-error {on_error} would leave no entity of {found} ({done}). Without it the faults are "
        "listed{advice}."
    )
