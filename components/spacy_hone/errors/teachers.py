"""Messages of teachers: H9xx."""


class TeachersErrors:
    H901 = (
        "[H901] The teacher gives {teacher}, but the student learns {student}. Take another teacher, or another "
        "component of it."
    )
    H902 = (
        "[H902] `labels` of the teacher: {pair!r} is no pair. Expected a list of pairs of a label of the teacher "
        'and one of the student, or null for none: [["PER", "PERSON"], ["GPE", null]].'
    )
    H903 = "[H903] `labels` of the teacher name {label!r}, which is no label of the {side}. {near}"
    H904 = "[H904] `labels` of the teacher name {label!r} twice. Each of its labels has one place in the student."
    H905 = (
        "[H905] These labels of the teacher have no place in the student: {labels}. What they say would be lost. "
        'Write for each into `labels` of the teacher where it goes, or null to give it up: [["{label}", null], '
        "...]. {near}"
    )
    H906 = (
        "[H906] No label of the teacher is one of the student, so there is nothing to learn from it. Teacher: "
        "{teacher}. Student: {student}. Pair their names in `labels` of the teacher."
    )
    H907 = (
        "[H907] The teacher's tokens do not fit the text that starts with {text!r}: {problem}. Its tokenizer must "
        "keep the text as it is; a cache must be of the same texts."
    )
    H908 = "[H908] The teacher pipeline {model!r} cannot be loaded: {problem}"
    H909 = "[H909] The teacher pipeline {model!r} has no component '{component}'. It has: {components}."
    H910 = (
        "[H910] Component '{component}' ({factory}) of the teacher pipeline {model!r} cannot teach. Those that can "
        "are made by: {factories}. The pipeline has: {components}."
    )
    H911 = (
        "[H911] The teacher pipeline {model!r} has {found} that can teach {student}. Name one as `component` of "
        "the teacher. It has: {components}."
    )
    H912 = "[H912] {option} = {value!r} of the teacher: expected {expected}."
    H913 = (
        "[H913] A Hugging Face teacher needs {package}, which is not installed: pip install 'spacy-hone[train]'. "
        "With a cache (`python -m spacy hone cache-teacher`) training runs without it."
    )
    H914 = (
        "[H914] The Hugging Face checkpoint {model!r} cannot be found. Tried:\n{tried}\nGive the path of a folder that "
        "holds config.json, the weights and the tokenizer, or a name on the Hugging Face hub while there is a "
        "network."
    )
    H915 = "[H915] The Hugging Face checkpoint {model!r} cannot be used: {problem}"
    H916 = "[H916] The teachers of an ensemble must be of one kind, but they give: {kinds}."
    H917 = "[H917] An ensemble of {n_teachers} teachers was given the weights {weights}: {problem}"
    H918 = "[H918] The component '{component}' of the teacher has no labels: has it been trained?"
    H919 = (
        "[H919] {teacher} cannot give the vectors of its layers {layers}, which `layers` of hone.TeacherVectors.v1 name: "
        "{problem}. Take a checkpoint, or a pipeline whose component reads a transformer, by itself; or leave `layers` out."
    )
    H920 = (
        "[H920] The teacher ({teacher}) gave logits that are NaN or infinite, of the text that starts with {text!r}. Does "
        "it predict that text by itself? A checkpoint in float16 may need float32."
    )
    H921 = (
        "[H921] `labels` of the teacher of '{name}' make {merged} one label, {target}, though the student has a label "
        '{label} too, which nobody teaches now. If that is not meant, take the pair ["{label}", "{target}"] out.'
    )
    H922 = (
        "[H922] The teacher has no {setting}: it is null. Name {expected}, in its block [initialize.components.X.teacher] or, "
        "where that reads [paths], as an option (`spacy train`: --paths.teacher)."
    )
    H930 = (
        "[H930] {path} is no cache of a teacher ({problem}). Name a file that `python -m spacy hone cache-teacher` of "
        "this version wrote; to write one, a file that is not there yet."
    )
    H931 = (
        "[H931] There is no cache of a teacher at {path}. Write it: `python -m spacy hone cache-teacher CONFIG "
        "{path}`, CONFIG being a config that has the teacher."
    )
    H932 = (
        "[H932] The cache {path} holds another teacher, another component of it or other labels.\nCache: {cached}\n"
        "Teacher: {teacher}\nWrite a cache of this teacher to another file: `python -m spacy hone cache-teacher`."
    )
    H933 = (
        "[H933] The cache {path} cannot be used: {problem}. What had been written is kept. If another process that "
        "wrote it was killed, it has to be opened once by a user who may write it."
    )
    H934 = (
        "[H934] The cache {path} lacks the {what} of {missing} of {total} texts, first of document {number}: {text!r}. "
        "Was it written from another corpus? Add them: `python -m spacy hone cache-teacher CONFIG {path}{option}`, "
        "CONFIG being a config that has the teacher and this corpus; or give hone.CachedTeacher.v1 the `teacher` to "
        "ask."
    )
    H935 = (
        "[H935] The teacher gave {fault}, of the text that starts with {text!r}. None of its batch was written. "
        "Teacher: {header}"
    )
    H936 = "[H936] --vectors: the teacher has no vectors. Teacher: {teacher}"
    H937 = (
        "[H937] {config} has {found} with a teacher that can be run{names}. Expected a block "
        "[initialize.components.NAME.teacher]; --component chooses among several, and --teacher names a pipeline "
        "instead."
    )
    H938 = (
        "[H938] {problem}. --corpus names one of [corpora] of the config ({corpora}), or a file: .spacy (or a folder of them), "
        '.jsonl with a "text" a line, or plain lines.'
    )
    H939 = "[H939] {path} cannot be read as a training config: {problem}"
    H940 = "[H940] The corpus '{corpus}' of the config cannot be read: {problem}"
